interface Item {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** Where virtual time begins: 2026-11-02 09:00 UTC. */
const BEGIN = Date.UTC(2026, 10, 2, 9);

/**
 * What is to happen, by virtual time: a binary heap. Nothing here waits; time jumps to the next item, and two items of
 * one moment happen in the order in which they were put down.
 */
export class Agenda {
  readonly #heap: Item[] = [];
  #order = 0;
  #now = BEGIN;

  get now(): number {
    return this.#now;
  }

  get isEmpty(): boolean {
    return this.#heap.length === 0;
  }

  /** @param delay milliseconds from now */
  schedule(delay: number, act: () => void): void {
    const item: Item = { at: this.#now + Math.max(0, Math.round(delay)), order: this.#order, act };
    this.#order += 1;
    this.#heap.push(item);
    this.#rise(this.#heap.length - 1);
  }

  /** Jumps to the next item and carries it out; false when there is none. */
  step(): boolean {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return false;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    this.#now = first.at;
    first.act();
    return true;
  }

  #rise(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #sink(start: number): void {
    let index = start;
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return false;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const [x, y] = [this.#heap[a], this.#heap[b]];
    if (x === undefined || y === undefined) return;
    this.#heap[a] = y;
    this.#heap[b] = x;
  }
}
