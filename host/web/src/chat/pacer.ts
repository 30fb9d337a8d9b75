/**
 * Tells readers of a change at most once per frame, and less often when drawing takes long: after a drawing of t milliseconds the page rests
 * for at least 1.5 t. However fast a model writes, the page stays responsive.
 */
export class Pacer {
  private scheduled = false;
  private earliest = 0;
  private readonly afterPaint = new MessageChannel();

  constructor(private readonly draw: () => void) {
    this.afterPaint.port1.onmessage = ({ data: begun }: MessageEvent<number>) => {
      const cost = performance.now() - begun;
      this.earliest = begun + cost * 2.5;
    };
  }

  request(): void {
    if (this.scheduled)
      return;
    this.scheduled = true;
    const wait = this.earliest - performance.now();
    if (wait > 16)
      setTimeout(() => requestAnimationFrame(this.frame), wait);
    else
      requestAnimationFrame(this.frame);
  }

  private readonly frame = (): void => {
    this.scheduled = false;
    const begun = performance.now();
    this.draw();
    this.afterPaint.port2.postMessage(begun);
  };
}
