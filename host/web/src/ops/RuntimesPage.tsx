import { Alert, Badge, Button, Group, Modal, Stack, Switch, Table, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { type Plugin, type RuntimeList, useInstall, useOffers, useRuntimes } from '../api/runtimes';
import { useSetSettings, useSettings } from '../api/settings';
import { bytes } from '../models/facts';
import { CommandButton } from '../shell/CommandButton';
import { IconPlus } from '../shell/icons';
import { Page, Section } from '../shell/Page';
import { Problem } from '../shell/Problem';
import { strings } from '../strings';
import { Jobs } from './Jobs';
import { RuntimeCard } from './RuntimeCard';

const text = strings.runtimes;

export function RuntimesPage() {
  const { data, error } = useRuntimes();
  const [installing, setInstalling] = useState(false);
  return (
    <Page title={text.title} lead={text.lead} actions={<Button leftSection={<IconPlus />} onClick={() => setInstalling(true)}>{text.getTitle}</Button>}>
      <Problem error={error} />
      <Jobs kinds="runtime" />
      {data && <CpuOnly list={data} />}
      <Stack gap="sm">{data?.runtimes.map((runtime) => <RuntimeCard key={runtime.folder} runtime={runtime} />)}</Stack>
      {data?.runtimes.length === 0 && <Alert color="orange">{text.none}</Alert>}
      <Section title={text.updates}><AutoUpdate /></Section>
      {data && <Section title={text.plugins} lead={text.pluginsLead}><Plugins plugins={data.plugins} /></Section>}
      {data?.machine && <Section title={text.machine}><Machine machine={data.machine} /></Section>}
      {installing && <InstallDialog close={() => setInstalling(false)} />}
    </Page>
  );
}

function AutoUpdate() {
  const setting = useSettings().data?.settings.find(({ key }) => key === 'runtimes.auto_update');
  const set = useSetSettings();
  return setting ? (
    <Switch label={text.autoUpdate} description={text.autoUpdateHelp} checked={setting.value === true} disabled={set.isPending}
      onChange={(event) => set.mutate({ [setting.key]: event.currentTarget.checked })} />
  ) : null;
}

/** A graphics processor that nothing installed can use is worth a word. */
function CpuOnly({ list }: { list: RuntimeList }) {
  const accelerators = list.machine?.accelerators ?? [];
  if (accelerators.length === 0 || list.runtimes.some(({ variant, state }) => state === 'usable' && variant && !/^cpu/.test(variant)))
    return null;
  return <Alert color="orange" mb="sm">{text.cpuOnly(accelerators.map(({ name }) => name).join(', '))}</Alert>;
}

function Plugins({ plugins }: { plugins: Plugin[] }) {
  return (
    <div className="card" style={{ padding: 0 }}>
      <Table horizontalSpacing="md" aria-label={text.plugins}>
        <Table.Tbody>
          {plugins.map((plugin) => (
            <Table.Tr key={plugin.id}>
              <Table.Td><Text size="sm" fw={600}>{plugin.name ?? plugin.id}</Text></Table.Td>
              <Table.Td>{plugin.formats.join(', ')}</Table.Td>
              <Table.Td><Badge variant="light" color={plugin.state === 'loaded' ? 'teal' : 'red'}>{text.pluginStates[plugin.state]}</Badge>{plugin.reason && <Text size="xs" mt={4}>{plugin.reason}</Text>}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Machine({ machine }: { machine: NonNullable<RuntimeList['machine']> }) {
  return (
    <Text size="sm">
      {[machine.operating_system, machine.architecture, bytes(machine.memory_bytes), machine.cpu_features.join(' '), ...machine.accelerators.map(({ name, memory_bytes }) => `${name} (${bytes(memory_bytes)})`)].join(' · ')}
    </Text>
  );
}

function InstallDialog({ close }: { close: () => void }) {
  const offers = useOffers(true);
  const install = useInstall();
  const [folder, setFolder] = useState('');
  const start = (what: { query?: string; path?: string }) => install.mutate(what, { onSuccess: close });
  return (
    <Modal opened onClose={close} title={<Text fw={650}>{text.getTitle}</Text>} size="lg" transitionProps={{ duration: 0 }}>
      <Stack gap="sm">
        <Problem error={offers.error ?? install.error} />
        {offers.data?.available.map((offer) => (
          <Group key={offer.id} justify="space-between" wrap="nowrap">
            <div style={{ minWidth: 0 }}>
              <Text size="sm" className="key" fw={550}>{offer.id}</Text>
              <Text size="xs" c={offer.unfit ? 'red' : 'dimmed'}>{offer.unfit ?? [offer.formats.join(', '), bytes(offer.disk_bytes)].join(' · ')}</Text>
            </div>
            {offer.installed ? <Text size="xs" c="dimmed">{text.installed}</Text> : (
              <CommandButton command="runtime get" size="xs" variant="light" disabled={!!offer.unfit || install.isPending} onClick={() => start({ query: offer.id })} aria-label={`${text.get}: ${offer.id}`}>{text.get}</CommandButton>
            )}
          </Group>
        ))}
        <form onSubmit={(event) => { event.preventDefault(); start({ path: folder }); }}>
          <Group align="flex-end" wrap="nowrap">
            <TextInput flex={1} label={text.addOwn} description={text.addOwnHelp} value={folder} onChange={(event) => setFolder(event.currentTarget.value)} />
            <CommandButton command="runtime add" type="submit" variant="default" disabled={!folder.trim()} loading={install.isPending}>{text.add}</CommandButton>
          </Group>
        </form>
      </Stack>
    </Modal>
  );
}
