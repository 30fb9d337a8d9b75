import { Stack, Text, Title } from '@mantine/core';
import { strings } from '../strings';

export function NotFound() {
  return (
    <Stack p="xl" align="center">
      <Title order={1} size="h3">{strings.shell.notFound}</Title>
      <Text c="dimmed">{strings.shell.notFoundHelp}</Text>
    </Stack>
  );
}
