"""A socket filter in the kernel's own language: packets from and to a few addresses, and ICMP errors about those.

Written by hand, because compiling one needs libpcap. The kernel then never hands over anybody else's traffic; which
ports are ours is decided afterwards (`dissect.py`). Offsets count from the IP header (SOCK_DGRAM).
"""

import ipaddress
import struct
from collections.abc import Sequence

#: struct sock_filter (<linux/filter.h>): u16 code; u8 jt, jf; u32 k.
INSTRUCTION = struct.Struct("=HBBI")
_LD_BYTE, _LD_WORD, _LD_WORD_X, _LDX_IHL = 0x30, 0x20, 0x40, 0xB1
_RSH, _JEQ, _JMP, _RET = 0x74, 0x15, 0x05, 0x06
_ALL = 0xFFFF
_ICMP, _ICMPV6 = 1, 58
# Where source and destination stand, and the destination of the packet that an ICMP error quotes.
_V4_ENDS, _V4_QUOTED = (12, 16), 8 + 16
_V6_ENDS, _V6_QUOTED = (8, 24), 40 + 8 + 24

Instruction = tuple[int, int, int, int]


def program(addresses: Sequence[str]) -> list[Instruction]:
    """The filter for these addresses; at most some dozens, for jumps are short."""
    parsed = [ipaddress.ip_address(address) for address in addresses]
    v4 = [int(one) for one in parsed if one.version == 4]
    v6 = [int(one) for one in parsed if one.version == 6]
    for_v4 = _v4(v4)
    version: list[Instruction] = [(_LD_BYTE, 0, 0, 0), (_RSH, 0, 0, 4)]
    return [
        *version,
        (_JEQ, 1, 0, 4),
        (_JMP, 0, 0, len(for_v4)),  # not IPv4: over all that
        *for_v4,
        *version,
        (_JEQ, 1, 0, 6),
        (_RET, 0, 0, 0),
        *_v6(v6),
        (_RET, 0, 0, 0),
    ]


def packed(instructions: Sequence[Instruction]) -> bytes:
    """The program as the kernel reads it."""
    return b"".join(INSTRUCTION.pack(*one) for one in instructions)


def _v4(addresses: list[int]) -> list[Instruction]:
    """For IPv4 packets; ends with a return."""
    found: list[Instruction] = []
    for address in addresses:
        for offset in _V4_ENDS:
            found += [(_LD_WORD, 0, 0, offset), (_JEQ, 0, 1, address), (_RET, 0, 0, _ALL)]
    found += [(_LD_BYTE, 0, 0, 9), (_JEQ, 1, 0, _ICMP), (_RET, 0, 0, 0), (_LDX_IHL, 0, 0, 0)]
    for address in addresses:
        found += [(_LD_WORD_X, 0, 0, _V4_QUOTED), (_JEQ, 0, 1, address), (_RET, 0, 0, _ALL)]
    return [*found, (_RET, 0, 0, 0)]


def _v6(addresses: list[int]) -> list[Instruction]:
    """For IPv6 packets."""
    found: list[Instruction] = []
    for address in addresses:
        for offset in _V6_ENDS:
            found += _is_v6(address, offset)
    found += [(_LD_BYTE, 0, 0, 6), (_JEQ, 1, 0, _ICMPV6), (_RET, 0, 0, 0)]
    for address in addresses:
        found += _is_v6(address, _V6_QUOTED)
    return found


def _is_v6(address: int, offset: int) -> list[Instruction]:
    """Accept if the sixteen bytes at the offset are the address."""
    found: list[Instruction] = []
    for word in range(4):
        value = address >> 32 * (3 - word) & 0xFFFFFFFF
        found += [(_LD_WORD, 0, 0, offset + 4 * word), (_JEQ, 0, 7 - 2 * word, value)]
    return [*found, (_RET, 0, 0, _ALL)]
