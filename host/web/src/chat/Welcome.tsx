import { Anchor, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { strings } from '../strings';
import type { ChatSession } from './session';

const text = strings.welcome;

export function Welcome({ session }: { session: ChatSession }) {
  return (
    <div className="column welcome">
      <Title order={2} size={28}>{text.title}</Title>
      <Text c="dimmed" maw={620}>{text.text}</Text>
      <div className="suggestions">
        {text.prompts.map((prompt) => (
          <button key={prompt} type="button" className="suggestion" disabled={!session.view.chat.settings.model} onClick={() => session.ask(prompt)}>{prompt}</button>
        ))}
      </div>
      <Text size="sm" c="dimmed">{text.embedded} <Anchor component={Link} to="/models" size="sm" underline="always">{text.addModels}</Anchor></Text>
    </div>
  );
}
