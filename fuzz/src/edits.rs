//! Changes of a text by a script of bytes, for what is signed or sealed and then tampered with.

/// Bytes of one change: what, where, and with which byte.
const STEP: usize = 4;

/// Changes the bytes by the script.
pub fn apply(bytes: &mut Vec<u8>, script: &[u8]) {
    for step in script.chunks_exact(STEP) {
        let place = usize::from(u16::from_be_bytes([step[1], step[2]]));
        let within = place % bytes.len().max(1);
        match step[0] % 6 {
            0 if !bytes.is_empty() => bytes[within] = step[3],
            1 if !bytes.is_empty() => bytes[within] ^= step[3],
            2 if !bytes.is_empty() => drop(bytes.remove(within)),
            3 => bytes.insert(place % (bytes.len() + 1), step[3]),
            4 => bytes.truncate(within),
            _ if !bytes.is_empty() => {
                let other = usize::from(step[3]) % bytes.len();
                bytes.swap(within, other);
            }
            _ => {}
        }
    }
}
