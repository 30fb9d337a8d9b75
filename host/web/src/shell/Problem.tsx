import { Alert } from '@mantine/core';
import { ApiError } from '../api/client';
import { strings } from '../strings';

/** A failure in words; for a part that this host does not have, that. */
export function Problem({ error }: { error: unknown }) {
  if (!error)
    return null;
  if (error instanceof ApiError && error.missing)
    return <Alert color="gray">{strings.shell.partMissing}</Alert>;
  return <Alert color="red" role="alert" styles={{ message: { whiteSpace: 'pre-wrap' } }}>{error instanceof Error ? error.message : String(error)}</Alert>;
}
