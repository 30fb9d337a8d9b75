import type { Origin, Run } from '../api/types';

/** Adds runs to the end of others; neighbours from one place become one. Changes the list that it is given. */
export function append(all: Run[], more: readonly Run[]): void {
  for (const run of more) {
    const last = all[all.length - 1];
    if (last && last.from === run.from) {
      last.chars += run.chars;
      if (run.tokens)
        last.tokens = (last.tokens ?? 0) + run.tokens;
    } else {
      all.push({ ...run });
    }
  }
}

/** Where a text comes from: places by offset. What the runs do not reach is the main model's. */
export class OriginMap {
  private readonly ends: number[] = [];
  private readonly places: Origin[] = [];

  constructor(runs: readonly Run[] | undefined) {
    let end = 0;
    for (const run of runs ?? []) {
      end += run.chars;
      this.ends.push(end);
      this.places.push(run.from);
    }
  }

  /** The runs of one stretch of the text. */
  slice(start: number, end: number): Run[] {
    const runs: Run[] = [];
    let at = start;
    let i = this.indexOf(start);
    while (at < end) {
      const stop = i < this.ends.length ? Math.min(end, this.ends[i]!) : end;
      append(runs, [{ chars: stop - at, from: this.places[i] ?? 'main' }]);
      at = stop;
      i++;
    }
    return runs;
  }

  at(offset: number): Origin {
    return this.places[this.indexOf(offset)] ?? 'main';
  }

  private indexOf(offset: number): number {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle]! <= offset)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
}
