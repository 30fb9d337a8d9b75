import { Table, Text } from '@mantine/core';
import { type Answer, useAnswers } from '../api/answers';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';

const text = strings.server;

/** The last answers of the host, whoever asked, newest first. */
export function RequestLog() {
  const { data, error } = useAnswers();
  if (error)
    return <Problem error={error} />;
  if (!data?.length)
    return <Text size="sm" c="dimmed">{text.noRequests}</Text>;
  return (
    <div className="card" style={{ padding: 0, overflowX: 'auto' }} tabIndex={0} role="group" aria-label={text.requests}>
      <Table horizontalSpacing="md" miw={760} aria-label={text.requests}>
        <Table.Thead><Table.Tr>{text.requestColumns.map((column) => <Table.Th key={column}>{column}</Table.Th>)}</Table.Tr></Table.Thead>
        <Table.Tbody>{data.map((answer) => <Row key={answer.id} answer={answer} />)}</Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ answer: { at, model, state, stats, tokens, error } }: { answer: Answer }) {
  return (
    <Table.Tr>
      <Table.Td>{new Date(at).toLocaleTimeString()}</Table.Td>
      <Table.Td className="key">{model}</Table.Td>
      <Table.Td>{error ? <Text size="sm" c="red">{error.message}</Text> : stats ? strings.stats.reasons[stats.stop_reason] ?? stats.stop_reason : text.requestStates[state]}</Table.Td>
      <Table.Td>{tokens}</Table.Td>
      <Table.Td>{stats && strings.stats.speed(stats.tokens_per_second)}</Table.Td>
      <Table.Td>{stats && `${stats.time_to_first_token.toFixed(2)} s`}</Table.Td>
      <Table.Td>{stats?.total_draft_tokens_count !== undefined && strings.stats.accepted(stats.accepted_draft_tokens_count ?? 0, stats.total_draft_tokens_count)}</Table.Td>
    </Table.Tr>
  );
}
