import { Group, Loader, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import { useState } from 'react';
import { DraftBadges } from '../chat/DraftBadges';
import { type Draft, type Model, pairsQuery } from '../api/queries';
import { strings } from '../strings';

const text = strings.models;
const sign = { exact: '✓', tolerated: '≈', refused: '✗' } as const;

/** Which model can draft for which: main models down, drafts across. */
export function PairMatrix({ models }: { models: Model[] }) {
  const nameOf = shortNames(models);
  const results = useQueries({ queries: models.map(({ key }) => pairsQuery(key)) });
  const [chosen, setChosen] = useState<{ main: string; draft: Draft } | null>(null);
  if (results.some(({ data }) => data?.state === 'unknown'))
    return <Text size="sm" c="dimmed">{strings.speculation.unknown}</Text>;
  return (
    <>
      {results.some(({ data }) => data?.state === 'identifying') && <Group gap="xs" mb="xs" role="status"><Loader size="xs" /><Text size="sm" c="dimmed">{text.identifying}</Text></Group>}
      <div className="card" style={{ padding: 0, overflow: 'auto', maxHeight: '70vh' }}>
        <table className="matrix">
          <caption className="visually-hidden">{text.pairs}</caption>
          <thead>
            <tr><th scope="col"><Text size="xs" c="dimmed">{text.matrixCorner}</Text></th>{models.map(({ key }) => <th key={key} scope="col" title={key}><span>{nameOf(key)}</span></th>)}</tr>
          </thead>
          <tbody>
            {models.map(({ key: main }, i) => (
              <tr key={main}>
                <th scope="row" className="key" title={main}>{nameOf(main)}</th>
                {models.map(({ key }) => {
                  const draft = results[i]?.data?.drafts.find((candidate) => candidate.key === key);
                  return <td key={key}>{draft ? <Cell main={main} draft={draft} chosen={chosen?.main === main && chosen.draft.key === key} choose={setChosen} /> : main === key ? '' : '·'}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Text size="xs" c="dimmed" mt="xs">{text.matrixLegend}</Text>
      {chosen && <Reasons main={chosen.main} draft={chosen.draft} />}
    </>
  );
}

function Cell({ main, draft, chosen, choose }: { main: string; draft: Draft; chosen: boolean; choose: (pair: { main: string; draft: Draft }) => void }) {
  return (
    <button type="button" className="verdict" data-verdict={draft.verdict} data-recommended={draft.recommended || undefined} aria-pressed={chosen}
      aria-label={text.verdict(draft.key, main, strings.models.verdicts[draft.verdict])} onClick={() => choose({ main, draft })}>
      {sign[draft.verdict]}
    </button>
  );
}

function Reasons({ main, draft }: { main: string; draft: Draft }) {
  return (
    <div className="card" style={{ marginTop: 12 }} role="status">
      <Text size="sm" fw={600}>{text.verdict(draft.key, main, strings.models.verdicts[draft.verdict])}</Text>
      {draft.verdict !== 'refused' && <DraftBadges draft={draft} />}
      {draft.advice && <Text size="sm" mt={4}>{draft.advice}</Text>}
      {draft.reasons.map(({ check, message }) => <Text key={check} size="sm" mt={4}>{message}</Text>)}
      {draft.reasons.length === 0 && !draft.advice && <Text size="sm" mt={4}>{text.noObjection}</Text>}
    </div>
  );
}

/** Names without the publisher, where they are told apart without it. */
function shortNames(models: Model[]): (key: string) => string {
  const last = (key: string) => key.split('/').at(-1)!;
  return (key) => (models.filter((model) => last(model.key) === last(key)).length > 1 ? key : last(key));
}
