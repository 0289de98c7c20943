//! Bytes as text, whatever their encoding.

/// Text of any encoding: by its byte order mark, as UTF-8, as UTF-16 where every other byte is zero, as
/// Latin-1; of anything else the printable runs.
pub(super) fn decode(bytes: Vec<u8>) -> String {
    let utf16 = |bytes: &[u8], pair: fn([u8; 2]) -> u16| {
        let units = bytes
            .chunks_exact(2)
            .map(|two| pair([two.first().copied().unwrap_or(0), two.last().copied().unwrap_or(0)]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes);
    }
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if bytes.len() >= 8 && odd * 5 >= bytes.len() * 2 && even * 20 <= bytes.len() {
        return utf16(&bytes, u16::from_le_bytes);
    }
    if bytes.len() >= 8 && even * 5 >= bytes.len() * 2 && odd * 20 <= bytes.len() {
        return utf16(&bytes, u16::from_be_bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let bytes = error.into_bytes();
            let binary = bytes.iter().any(|byte| *byte < b' ' && !b"\t\n\r\x0c\x1b".contains(byte));
            if binary { printable(&bytes) } else { bytes.iter().map(|byte| char::from(*byte)).collect() }
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_graphic() || byte.is_ascii_whitespace() {
            text.push(char::from(*byte));
        } else if !text.ends_with(char::REPLACEMENT_CHARACTER) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_encoding_is_the_same_text() {
        let text = "Löschen: the relay keeps its slot";
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let units: Vec<u16> = text.encode_utf16().collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            latin,
            le.clone(),
            be.clone(),
            [b"\xff\xfe".to_vec(), le].concat(),
            [b"\xfe\xff".to_vec(), be].concat(),
        ] {
            assert_eq!(decode(bytes), text);
        }
    }

    #[test]
    fn of_a_binary_file_the_printable_runs_are_left() {
        assert_eq!(
            decode(b"\x00\x01\xffname=4be1209ac77d\x02\x03".to_vec()),
            "\u{fffd}name=4be1209ac77d\u{fffd}"
        );
        assert_eq!(decode(Vec::new()), "");
    }
}
