import { Group, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { strings } from '../strings';

interface Props {
  title: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** Frame of every page but the chat. */
export function Page({ title, lead, actions, children }: Props) {
  useEffect(() => {
    document.title = `${title} · ${strings.app}`;
  }, [title]);
  return (
    <main className="page" tabIndex={0}>
      <div className="page-inner">
        <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
          <div style={{ minWidth: 0, flex: '1 1 260px' }}>
            <Title order={1} size={24}>{title}</Title>
            {lead && <Text c="dimmed" size="sm" mt={4}>{lead}</Text>}
          </div>
          {actions}
        </Group>
        {children}
      </div>
    </main>
  );
}

export function Section({ title, lead, actions, children }: Props) {
  return (
    <section style={{ marginTop: 34 }}>
      <Group justify="space-between" mb="sm" gap="xs">
        <div style={{ flex: '1 1 260px' }}>
          <Title order={2} size={17}>{title}</Title>
          {lead && <Text c="dimmed" size="sm" mt={2}>{lead}</Text>}
        </div>
        {actions}
      </Group>
      {children}
    </section>
  );
}
