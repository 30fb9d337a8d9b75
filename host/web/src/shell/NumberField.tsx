import { TextInput } from '@mantine/core';

interface Props {
  label: string;
  help?: string;
  min?: number;
  max?: number;
  step?: number;
  placeholder?: string;
  value: number | undefined;
  onChange: (value: number | undefined) => void;
}

/** A number or nothing; the browser's own field, which knows its keys and its limits. */
export function NumberField({ label, help, min, max, step = 1, placeholder, value, onChange }: Props) {
  return (
    <TextInput type="number" inputMode="decimal" size="xs" label={label} title={help} min={min} max={max} step={step} placeholder={placeholder} value={value ?? ''}
      onChange={({ currentTarget: { value: typed, valueAsNumber, validity } }) => {
        if (typed === '')
          onChange(undefined);
        else if (!validity.rangeOverflow && !validity.rangeUnderflow && Number.isFinite(valueAsNumber))
          onChange(valueAsNumber);
      }} />
  );
}
