import { strings } from '../strings';

export function Legend() {
  return (
    <div className="legend">
      <span><span className="from-draft swatch">abc</span> {strings.speculation.legendDraft}</span>
      <span><span className="from-ngram swatch">abc</span> {strings.speculation.legendNgram}</span>
      <span><span className="swatch">abc</span> {strings.speculation.legendMain}</span>
    </div>
  );
}
