import { Argument, type Command } from "commander";
import type { CliContext } from "../context.ts";
import { closing } from "../help.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;

type Shell = (typeof SHELLS)[number];

/** `tandem completion bash|zsh|fish` */
export function addCompletion(program: Command, context: CliContext): void {
  program
    .command("completion")
    .description("print what makes a shell complete commands and options")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .addHelpText(
      "after",
      closing([
        "tandem completion bash > ~/.local/share/bash-completion/completions/tandem",
        "tandem completion zsh > ~/.zfunc/_tandem",
        "tandem completion fish > ~/.config/fish/completions/tandem.fish",
      ]),
    )
    .action((shell: Shell) => context.terminal.out(WRITERS[shell](wordsOf(program))));
}

interface Words {
  readonly command: string;
  readonly description: string;
  /** What may follow it: `up` and `seed` of `local`. */
  readonly commands: readonly string[];
  readonly options: readonly string[];
}

function wordsOf(program: Command): readonly Words[] {
  return program.commands.map((command) => ({
    command: command.name(),
    description: command.description(),
    commands: command.commands.map((one) => one.name()),
    options: [...new Set([command, ...command.commands].flatMap(optionsOf)), "--help"],
  }));
}

const optionsOf = ({ options }: Command) =>
  options.flatMap(({ long }) => (typeof long === "string" ? [long] : []));

const WRITERS: Readonly<Record<Shell, (words: readonly Words[]) => string>> = { bash, zsh, fish };

function bash(words: readonly Words[]): string {
  const cases = words.map(
    ({ command, commands, options }) => `    ${command}) words="${[...commands, ...options].join(" ")}" ;;`,
  );
  return `_tandem() {
  local words="${words.map(({ command }) => command).join(" ")}"
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    *) words="" ;;
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _tandem tandem
`;
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(words: readonly Words[]): string {
  const commands = words.map(({ command, description }) =>
    quoted(`${command}:${description.replaceAll(":", "\\:")}`),
  );
  const cases = words.map(
    ({ command, commands, options }) =>
      `    ${command}) compadd -- ${[...commands, ...options].join(" ")} ;;`,
  );
  return `#compdef tandem
local -a commands
commands=(
  ${commands.join("\n  ")}
)
if (( CURRENT == 2 )); then
  _describe command commands
else
  case "$words[2]" in
${cases.join("\n")}
  esac
fi
`;
}

function fish(words: readonly Words[]): string {
  const lines = words.flatMap(({ command, description, commands, options }) => [
    `complete -c tandem -n __fish_use_subcommand -f -a ${command} -d ${quoted(description)}`,
    ...commands.map((one) => `complete -c tandem -n '__fish_seen_subcommand_from ${command}' -f -a ${one}`),
    ...options.map(
      (option) => `complete -c tandem -n '__fish_seen_subcommand_from ${command}' -l ${option.slice(2)}`,
    ),
  ]);
  return `${lines.join("\n")}\n`;
}
