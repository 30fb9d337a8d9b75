import type { Model } from '../api/queries';

const powers = ['', 'K', 'M', 'B', 'T'];

/** 135000000 as 135M. */
export function short(n: number): string {
  let power = 0;
  for (; n >= 1000 && power < powers.length - 1; power++)
    n /= 1000;
  return `${n >= 100 || Number.isInteger(n) ? Math.round(n) : n.toFixed(1)}${powers[power]}`;
}

export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++)
    n /= 1024;
  return `${n >= 100 || unit === 0 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

/** What there is to know of a model, shortly. */
export function facts({ description, format }: Model): string[] {
  if (!description)
    return format ? [format.toUpperCase()] : [];
  const { architecture, parameters, quantization, size_bytes } = description;
  return [architecture, parameters ? short(parameters) : '', quantization, bytes(size_bytes), format?.toUpperCase() ?? ''].filter(Boolean);
}
