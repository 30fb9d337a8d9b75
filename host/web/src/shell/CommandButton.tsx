import { Button, type ButtonProps } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props extends ButtonProps {
  /** What does the same on the command line, e.g. `runtime survey`; several with commas. Its words are the button's. */
  command: string;
  children: ReactNode;
  onClick?: () => void;
  type?: 'button' | 'submit';
  'aria-label'?: string;
}

/** An action that the command line has too. */
export function CommandButton({ command, ...rest }: Props) {
  return <Button type="button" {...rest} data-command={command} />;
}
