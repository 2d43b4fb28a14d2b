import { randomInt } from "node:crypto";
import { z } from "zod";

const LOWERCASE = "abcdefghijklmnopqrstuvwxyz";
const NUMBERS = "0123456789";
const PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";

/** CloudFormation hands numbers and truth values over as text, too. */
const flag = z.union([z.boolean(), z.stringbool()]).default(false);

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-secretsmanager-secret-generatesecretstring.html */
export const generateSchema = z.object({
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
  PasswordLength: z.coerce.number().int().min(1).max(4096).default(32),
  ExcludeCharacters: z.string().default(""),
  ExcludeLowercase: flag,
  ExcludeNumbers: flag,
  ExcludePunctuation: flag,
  ExcludeUppercase: flag,
  IncludeSpace: flag,
  RequireEachIncludedType: z.union([z.boolean(), z.stringbool()]).default(true),
});

export type GenerateOptions = z.output<typeof generateSchema>;

/**
 * Makes up a secret's text: a password, or a JSON object with the password under a key.
 * @throws Error naming what does not go together
 */
export function generateSecretString(options: GenerateOptions): string {
  const { SecretStringTemplate: template, GenerateStringKey: key } = options;
  if ((template === undefined) !== (key === undefined))
    throw new Error("SecretStringTemplate and GenerateStringKey must be given together");
  const password = generatePassword(options);
  if (template === undefined || key === undefined) return password;
  return JSON.stringify({ ...parseTemplate(template), [key]: password });
}

function parseTemplate(template: string): Readonly<Record<string, unknown>> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(template));
  } catch {
    throw new Error("SecretStringTemplate must be a JSON object");
  }
}

function generatePassword(options: GenerateOptions): string {
  const types = [
    options.ExcludeLowercase ? "" : LOWERCASE,
    options.ExcludeUppercase ? "" : LOWERCASE.toUpperCase(),
    options.ExcludeNumbers ? "" : NUMBERS,
    options.ExcludePunctuation ? "" : PUNCTUATION,
    options.IncludeSpace ? " " : "",
  ]
    .map((type) => [...type].filter((character) => !options.ExcludeCharacters.includes(character)).join(""))
    .filter((type) => type !== "");
  const all = types.join("");
  const { PasswordLength: length } = options;
  if (all === "") throw new Error("nothing is left to make a password of: exclude fewer characters");
  if (options.RequireEachIncludedType && length < types.length)
    throw new Error(`PasswordLength ${length} is too short for ${types.length} types of characters`);
  const required = options.RequireEachIncludedType ? types.map(pick) : [];
  const rest = Array.from({ length: length - required.length }, () => pick(all));
  return shuffled([...required, ...rest]).join("");
}

const pick = (characters: string): string => characters.charAt(randomInt(characters.length));

function shuffled(characters: readonly string[]): readonly string[] {
  const result: string[] = [];
  for (const character of characters) result.splice(randomInt(result.length + 1), 0, character);
  return result;
}
