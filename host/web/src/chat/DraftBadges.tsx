import { Badge, Group } from '@mantine/core';
import type { Draft } from '../api/queries';
import { strings } from '../strings';

const text = strings.speculation;

export function DraftBadges({ draft }: { draft: Draft }) {
  return (
    <Group gap={4} mt={2}>
      {draft.recommended && <Badge size="xs" variant="filled">{text.recommended}</Badge>}
      <Badge size="xs" variant="light" color={draft.verdict === 'exact' ? 'teal' : 'gray'}>{draft.verdict === 'exact' ? text.exact : text.tolerated}</Badge>
      {draft.measured?.speed_up != null && <Badge size="xs" variant="light" color="blue">{text.speedup(draft.measured.speed_up)}</Badge>}
    </Group>
  );
}
