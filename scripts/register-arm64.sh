#!/bin/sh
# Lets this Linux machine run arm64 binaries (and containers) under qemu: mounts binfmt_misc and registers the interpreter with
# the flag F, so that the kernel opens it now and containers need not hold it. Needs root and qemu-user-static. Does nothing when it
# is done already, or on an arm64 machine.
set -eu
[ "$(uname -m)" = aarch64 ] && exit 0
binfmt=/proc/sys/fs/binfmt_misc
[ -e "$binfmt/register" ] || mount -t binfmt_misc binfmt_misc "$binfmt"
[ -e "$binfmt/qemu-aarch64" ] && exit 0
qemu=$(command -v qemu-aarch64-static) || {
  echo "qemu-aarch64-static is missing: apt-get install qemu-user-static" >&2
  exit 1
}
magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
printf '%s' ":qemu-aarch64:M::$magic:$mask:$qemu:F" >"$binfmt/register"
