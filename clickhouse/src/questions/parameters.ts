/** The bound parameters of one statement: values never enter its text. */
export class Parameters {
  readonly values: Record<string, unknown> = {};

  /** Binds a value and gives its placeholder, `{name:Type}`; a name that is taken gets a number. */
  bind(name: string, type: string, value: unknown): string {
    let free = name;
    for (let number = 2; free in this.values; number++) free = `${name}_${number}`;
    this.values[free] = value;
    return `{${free}:${type}}`;
  }

  /** Binds an instant (ms) as whole seconds, to be compared with a `DateTime`. */
  seconds(name: string, instant: number): string {
    return this.bind(name, 'UInt32', Math.max(0, Math.floor(instant / 1000)));
  }

  /** Binds an instant (ms), to be compared with a `DateTime64(3)`. */
  moment(name: string, instant: number): string {
    return `fromUnixTimestamp64Milli(${this.bind(name, 'Int64', instant)}, 'UTC')`;
  }
}
