import { Group, Kbd, List, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { optional, useHealth } from '../api/queries';
import type { SystemReport } from '../api/schema';
import { Logo } from '../shell/Logo';
import { Page, Section } from '../shell/Page';
import { strings } from '../strings';

const text = strings.about;

export function AboutPage() {
  const health = useHealth().data;
  const system = useQuery({ queryKey: ['system'], queryFn: ({ signal }) => optional<SystemReport | null>('/api/tandem/system', signal, null) }).data;
  return (
    <Page title={text.title} lead={text.lead}>
      <Group gap="md" className="card">
        <Logo size={48} />
        <div>
          <Title order={2} size={19}>{strings.app} {health?.version}</Title>
          <Text size="sm" c="dimmed">{text.offline}</Text>
        </div>
      </Group>
      {system && (
        <Section title={text.machine}>
          <Table withRowBorders={false} layout="fixed" aria-label={text.machine}>
            <Table.Tbody>
              {[
                [text.machine, `${system.machine.description} · ${system.machine.processor} · ${system.machine.cores} × ${system.machine.architecture}`],
                [text.home, system.home],
                [text.database, [system.database.state, ...system.database.notices].join(' · ')],
              ].map(([name, value]) => <Table.Tr key={name}><Table.Th w={120}>{name}</Table.Th><Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td></Table.Tr>)}
            </Table.Tbody>
          </Table>
        </Section>
      )}
      <Section title={text.keys}>
        <Table withRowBorders={false} aria-label={text.keys}>
          <Table.Tbody>{text.keyList.map(([keys, what]) => <Table.Tr key={keys}><Table.Td w={170}><Kbd>{keys}</Kbd></Table.Td><Table.Td>{what}</Table.Td></Table.Tr>)}</Table.Tbody>
        </Table>
      </Section>
      <Section title={text.thanks}><List size="sm" spacing={4}>{text.thanksList.map((line) => <List.Item key={line}>{line}</List.Item>)}</List></Section>
      <Section title={text.licence}><Text size="sm">{text.licenceText}</Text></Section>
    </Page>
  );
}
