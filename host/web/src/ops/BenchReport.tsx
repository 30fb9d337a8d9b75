import { Group as Line, Stack, Table, Text, UnstyledButton } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { BenchRow, Figures, Report, Spread } from '../api/bench';
import { bytes } from '../models/facts';
import { IconDown, IconRight } from '../shell/icons';
import { strings } from '../strings';

const text = strings.benchmark;

const nameOf = ({ draft }: BenchRow): string => (draft === null ? text.without : draft === 'ngram' ? text.ngram : draft);
const hueOf = ({ draft }: BenchRow): string => (draft === null ? 'main' : draft === 'ngram' ? 'ngram' : 'draft');

/** What was measured: for every group of prompts a bar without a draft and one for each way of drafting. */
export function BenchReport({ report }: { report: Report }) {
  const { heading, rows } = report;
  const prompts = (row: BenchRow) => row.prompts ?? [];
  const fastest = (figures: (row: BenchRow) => Figures[]) => Math.max(...rows.flatMap((row) => figures(row).map(({ tokens_per_second }) => tokens_per_second.high)));
  const advice = rows.filter((row) => row.advice);
  return (
    <article aria-label={text.title} className="card">
      <Text fw={650} className="key">{report.model} · {report.quantization}</Text>
      <Text size="sm" c="dimmed" mb="sm">
        {[new Date(report.measured_at).toLocaleString(), heading.runtime, `${heading.processor} × ${heading.cores}`, heading.accelerator, bytes(heading.memory), text.roundsOf(report.rounds)].filter(Boolean).join(' · ')}
      </Text>
      {advice.map((row) => <Text key={nameOf(row)} size="sm" mb={4} data-testid="advice"><b className="key">{nameOf(row)}</b> {row.advice}</Text>)}
      <Stack gap="lg" mt="md">
        {rows[0]?.groups.map(({ prompts: name }) => <Group key={name} name={name} rows={rows} figures={({ groups }) => groups} fastest={fastest(({ groups }) => groups)} />)}
        <Positions rows={rows} />
        {rows[0] && prompts(rows[0]).length > 1 && (
          <Folded title={text.byPrompt}>
            {prompts(rows[0]).map(({ prompts: name }) => <Group key={name} name={name} rows={rows} figures={prompts} fastest={fastest(prompts)} />)}
          </Folded>
        )}
      </Stack>
      {report.problems.map((problem) => <Text key={problem} size="sm" c="red" mt="xs">{problem}</Text>)}
    </article>
  );
}

interface GroupProps {
  name: string;
  rows: BenchRow[];
  figures: (row: BenchRow) => Figures[];
  fastest: number;
}

function Group({ name, rows, figures: figuresOf, fastest }: GroupProps) {
  return (
    <div className="bench" tabIndex={0} role="group" aria-label={text.groups[name] ?? name}>
      <Table horizontalSpacing="sm" verticalSpacing={5} miw={720} withRowBorders={false}>
        <Table.Caption style={{ captionSide: 'top', textAlign: 'left', fontWeight: 600 }}>{text.groups[name] ?? name}</Table.Caption>
        <Table.Thead><Table.Tr>{text.columns.map((column) => <Table.Th key={column}><Text size="xs" c="dimmed">{column}</Text></Table.Th>)}</Table.Tr></Table.Thead>
        <Table.Tbody>
          {rows.map((row) => {
            const figures = figuresOf(row).find(({ prompts }) => prompts === name);
            return figures && <Row key={nameOf(row)} row={row} figures={figures} fastest={fastest} />;
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ row, figures, fastest }: { row: BenchRow; figures: Figures; fastest: number }) {
  const { tokens_per_second: speed, speed_up, acceptance, time_to_first_token } = figures;
  return (
    <Table.Tr>
      <Table.Th scope="row" w={210} fw={500} className="key">{nameOf(row)}</Table.Th>
      <Table.Td>
        <div className="bar-track"><div className="bar" data-hue={hueOf(row)} style={{ width: `${(100 * speed.median) / fastest}%` }} /></div>
        <Text size="xs" c="dimmed">{spread(speed, (value) => value.toFixed(value < 100 ? 1 : 0))} tok/s</Text>
      </Table.Td>
      <Table.Td w={170} style={{ whiteSpace: 'nowrap' }}>{speed_up && spread(speed_up, (value) => `${value.toFixed(2)}×`)}</Table.Td>
      <Table.Td w={100}>{acceptance !== null && `${(100 * acceptance).toFixed(0)} %`}</Table.Td>
      <Table.Td w={90}>{time_to_first_token.toFixed(2)} s</Table.Td>
    </Table.Tr>
  );
}

/** How likely the first, second, … token of a draft is accepted once the ones before it were. */
function Positions({ rows }: { rows: BenchRow[] }) {
  const measured = rows.flatMap((row) => (row.groups[0]?.acceptance_by_position?.length ? [{ row, shares: row.groups[0].acceptance_by_position }] : []));
  if (measured.length === 0)
    return null;
  return (
    <div role="group" aria-label={text.byPosition}>
      <Text fw={600}>{text.byPosition}</Text>
      <Text size="xs" c="dimmed" mb="xs">{text.byPositionHelp}</Text>
      <Stack gap="sm">
        {measured.map(({ row, shares }) => (
          <div key={nameOf(row)}>
            <Text size="sm" fw={500} className="key">{nameOf(row)}</Text>
            <ol className="positions" aria-label={nameOf(row)}>
              {shares.map((share, i) => (
                <li key={i}>
                  <span className="position-track" aria-hidden><span className="position" data-hue={hueOf(row)} style={{ height: `${100 * share}%` }} /></span>
                  <span>{(100 * share).toFixed(0)} %</span>
                  <span className="position-number">{i + 1}</span>
                </li>
              ))}
            </ol>
          </div>
        ))}
      </Stack>
    </div>
  );
}

function Folded({ title, children }: { title: string; children: ReactNode }) {
  const [opened, setOpened] = useState(false);
  return (
    <div>
      <UnstyledButton onClick={() => setOpened(!opened)} aria-expanded={opened}>
        <Line gap={4}><Text size="sm" fw={600}>{title}</Text>{opened ? <IconDown size={14} /> : <IconRight size={14} />}</Line>
      </UnstyledButton>
      {opened && <Stack gap="lg" mt="sm">{children}</Stack>}
    </div>
  );
}

/** The median, and how far the rounds were apart. */
const spread = ({ median, low, high }: Spread, format: (value: number) => string): string =>
  (low === high ? format(median) : `${format(median)} (${format(low)}–${format(high)})`);
