const width = 300;
const height = 44;

/** Shares (0 to 1) one after another, as a line. */
export function Chart({ values, label }: { values: readonly number[]; label: string }) {
  const x = (i: number) => (i * width) / Math.max(1, values.length - 1);
  const y = (value: number) => 2 + (1 - value) * (height - 4);
  // A single value is a level line.
  const points = (values.length > 1 ? values : [values[0]!, values[0]!]).map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
  return (
    <svg className="chart" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={label} data-testid="acceptance">
      <line x1={0} x2={width} y1={y(0.5)} y2={y(0.5)} className="chart-middle" />
      <polyline points={points.join(' ')} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
