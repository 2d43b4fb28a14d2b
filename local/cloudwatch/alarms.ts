import { join } from "node:path";
import { z } from "zod";
import { reasonOf } from "../errors.ts";
import { AwsError, type LocalContext } from "../service.ts";
import { readState, StateError, writeState } from "../state.ts";
import { type Alarm, type AlarmDefinition, type AlarmState, alarmSchema } from "./alarm.ts";
import { alarmStateChange } from "./events.ts";

type Where = Pick<LocalContext, "accountId" | "region" | "stateDir" | "now" | "emit" | "say">;

const version = 1;

/** The alarms, by name. Nothing measures here: an alarm stays what SetAlarmState says, INSUFFICIENT_DATA at first. */
export class Alarms {
  readonly #context: Where;
  readonly #file: string;
  readonly #alarms = new Map<string, Alarm>();
  readonly #listeners = new Set<(alarm: Alarm) => void>();

  private constructor(context: Where) {
    this.#context = context;
    this.#file = join(context.stateDir, "cloudwatch", "alarms.json");
  }

  /** @throws StateError for a damaged file. */
  static async open(context: Where): Promise<Alarms> {
    const alarms = new Alarms(context);
    const data = await readState(alarms.#file, version);
    if (data === undefined) return alarms;
    const parsed = z.array(alarmSchema).safeParse(data);
    if (!parsed.success)
      throw new StateError(`${alarms.#file} is damaged: move it away, or use another --state`);
    for (const alarm of parsed.data) alarms.#alarms.set(alarm.name, alarm);
    return alarms;
  }

  /** The alarms, sorted by name. */
  list(): readonly Alarm[] {
    return [...this.#alarms.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  find(name: string): Alarm | undefined {
    return this.#alarms.get(name);
  }

  /** Tells of every change of a state. @returns what ends it */
  listen(listener: (alarm: Alarm) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Creates an alarm, or changes all of its definition; its state stays. */
  async put(definition: AlarmDefinition): Promise<Alarm> {
    const { accountId, region, now } = this.#context;
    const name = definition.AlarmName;
    const known = this.#alarms.get(name);
    const at = now();
    const alarm: Alarm = {
      name,
      arn: `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`,
      definition,
      configuredAt: at,
      state: known?.state ?? {
        value: "INSUFFICIENT_DATA",
        reason: "Unchecked: Initial alarm creation",
        at,
        changedAt: at,
      },
    };
    this.#alarms.set(name, alarm);
    await this.save();
    return alarm;
  }

  /** @throws AwsError ResourceNotFound */
  async setState(name: string, value: AlarmState, reason: string, data?: string): Promise<void> {
    const alarm = this.#alarms.get(name);
    if (alarm === undefined)
      throw new AwsError("ResourceNotFound", `There is no alarm ${name}: create it with PutMetricAlarm`, 404);
    const previous = alarm.state;
    const at = this.#context.now();
    const changed = previous.value !== value;
    const changedAt = changed ? at : previous.changedAt;
    alarm.state = { value, reason, ...(data === undefined ? {} : { data }), at, changedAt };
    if (changed) {
      this.#context.emit(alarmStateChange(alarm, previous));
      for (const listener of this.#listeners) listener(alarm);
    }
    await this.save();
  }

  /** @throws AwsError ResourceNotFound when one of them does not exist; none is deleted then */
  async remove(names: readonly string[]): Promise<void> {
    const missing = names.filter((name) => !this.#alarms.has(name));
    if (missing.length > 0)
      throw new AwsError("ResourceNotFound", `There is no alarm ${missing.join(", ")}`, 404);
    for (const name of names) this.#alarms.delete(name);
    await this.save();
  }

  async save(): Promise<void> {
    try {
      await writeState(this.#file, version, this.list());
    } catch (error) {
      this.#context.say(`cloudwatch: the alarms could not be written: ${reasonOf(error)}`);
    }
  }
}
