/**
 * The smallest programs of two architectures, so that tests of real RUN steps need neither a compiler nor the network. Each
 * writes a line, makes the folder `/ran-on-<architecture>` and ends; `pausing` (x86_64 only) never ends.
 */

const BASE = 0x400000;
const HEADER_BYTES = 64 + 56;

/** An ELF executable of one segment with this machine code, see elf(5). */
function elf(machine: number, code: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.write("\x7fELF\x02\x01\x01", 0, "latin1");
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(machine, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(BASE + HEADER_BYTES), 24);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  const size = BigInt(HEADER_BYTES + code.length);
  header.writeUInt32LE(1, 64);
  header.writeUInt32LE(5, 68);
  header.writeBigUInt64LE(BigInt(BASE), 80);
  header.writeBigUInt64LE(BigInt(BASE), 88);
  header.writeBigUInt64LE(size, 96);
  header.writeBigUInt64LE(size, 104);
  header.writeBigUInt64LE(0x10000n, 112);
  return Buffer.concat([header, code]);
}

const words = (...values: readonly number[]) => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, index * 4);
  });
  return bytes;
};

const texts = (architecture: string) => {
  const line = Buffer.from(`ran on ${architecture}\n`);
  return { line, path: Buffer.from(`/ran-on-${architecture}\0`) };
};

/** write(1, line), mkdirat(AT_FDCWD, path, 0755), exit(0) */
function arm64(): Buffer {
  const { line, path } = texts("arm64");
  const instructions = 12;
  const adr = (register: number, at: number, target: number) => {
    const offset = target - at * 4;
    return (0x10000000 | ((offset & 3) << 29) | ((offset >> 2) << 5) | register) >>> 0;
  };
  const movz = (register: number, value: number) => (0xd2800000 | (value << 5) | register) >>> 0;
  const supervisorCall = 0xd4000001;
  const atLine = instructions * 4;
  const code = words(
    ...[movz(0, 1), adr(1, 1, atLine), movz(2, line.length), movz(8, 64), supervisorCall],
    ...[0x92800c60, adr(1, 6, atLine + line.length), movz(2, 0o755), movz(8, 34), supervisorCall],
    ...[movz(8, 93), supervisorCall],
  );
  return elf(183, Buffer.concat([code, line, path]));
}

/** write(1, line), mkdir(path, 0755), exit(0) */
function amd64(): Buffer {
  const { line, path } = texts("amd64");
  const number = (value: number) => words(value);
  const moveTo = { eax: 0xb8, edi: 0xbf, esi: 0xbe, edx: 0xba } as const;
  const move = (register: keyof typeof moveTo, value: number) =>
    Buffer.concat([Buffer.from([moveTo[register]]), number(value)]);
  const systemCall = Buffer.from([0x0f, 0x05]);
  const assemble = (lineAt: number, pathAt: number) =>
    Buffer.concat([
      ...[move("eax", 1), move("edi", 1), move("esi", lineAt), move("edx", line.length), systemCall],
      ...[move("eax", 83), move("edi", pathAt), move("esi", 0o755), systemCall],
      ...[move("eax", 60), move("edi", 0), systemCall],
    ]);
  const lineAt = BASE + HEADER_BYTES + assemble(0, 0).length;
  return elf(62, Buffer.concat([assemble(lineAt, lineAt + line.length), line, path]));
}

/** write(1, line), pause() for ever */
function pausingAmd64(): Buffer {
  const line = Buffer.from("pausing\n");
  const code = (lineAt: number) =>
    Buffer.concat([
      Buffer.from([0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0xbe]),
      words(lineAt),
      Buffer.from([0xba]),
      words(line.length),
      Buffer.from([0x0f, 0x05, 0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7]),
    ]);
  const lineAt = BASE + HEADER_BYTES + code(0).length;
  return elf(62, Buffer.concat([code(lineAt), line]));
}

export const PROGRAMS = { amd64: amd64(), arm64: arm64(), pausing: pausingAmd64() };
