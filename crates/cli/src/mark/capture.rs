//! Packet captures: what TCP and UDP carried, packet by packet.

use std::{collections::BTreeMap, io::Read, net::IpAddr};

use anyhow::{anyhow, bail};
use etherparse::{EtherType, LaxNetSlice, LaxSlicedPacket, TransportSlice};
use mark::hunt::{Hunter, Stream};
use pcap_parser::{
    Block, Linktype, PcapBlockOwned, PcapError, create_reader, traits::PcapNGPacketBlock as _,
};

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 20;
/// The longest block that is read; captures cut packets at 256 KiB.
const LONGEST_BLOCK: usize = 1 << 25;
/// Directions of connections that are followed at a time; all end when one more comes, so that a capture of
/// any length takes bounded memory.
const MOST_FLOWS: usize = 4096;

/// What was hunted through of a capture.
pub(super) struct Captured {
    /// Packets read.
    pub(super) packets: u64,
    /// Why reading ended before the capture did.
    pub(super) cut: Option<String>,
}

/// Tells a capture from its first bytes: pcap in either byte order and resolution, or pcapng.
pub(super) fn is_capture(head: &[u8]) -> bool {
    const MAGIC: [[u8; 4]; 5] = [
        [0xa1, 0xb2, 0xc3, 0xd4],
        [0xd4, 0xc3, 0xb2, 0xa1],
        [0xa1, 0xb2, 0x3c, 0x4d],
        [0x4d, 0x3c, 0xb2, 0xa1],
        [0x0a, 0x0d, 0x0d, 0x0a],
    ];
    MAGIC.iter().any(|magic| head.starts_with(magic))
}

/// Hunts through what a capture's packets carried.
///
/// A token that consecutive segments of a connection share is found; segments out of order are each looked at
/// alone. What is no TCP or UDP over IP is looked at as it stands, headers and all.
///
/// # Errors
///
/// Refuses a capture whose header cannot be read.
pub(super) fn hunt(
    input: impl Read + Send,
    source: usize,
    hunter: &mut Hunter<'_>,
    mut read: impl FnMut(usize),
) -> anyhow::Result<Captured> {
    let mut reader =
        create_reader(BUFFER, input).map_err(|error| anyhow!("is no capture that can be read: {error}"))?;
    let mut packets = Packets { source, links: Vec::new(), flows: BTreeMap::new(), count: 0 };
    let mut capacity = BUFFER;
    let cut = loop {
        let cut = match reader.next() {
            Ok((length, block)) => {
                packets.block(&block, hunter);
                drop(block);
                reader.consume(length);
                read(length);
                continue;
            }
            Err(PcapError::Eof) => break None,
            Err(PcapError::Incomplete(_)) => match reader.refill() {
                Ok(()) => continue,
                Err(error) => error.to_string(),
            },
            Err(PcapError::BufferTooSmall) if capacity < LONGEST_BLOCK => {
                capacity *= 2;
                reader.grow(capacity);
                continue;
            }
            Err(error) => error.to_string(),
        };
        break Some(cut);
    };
    if packets.count == 0
        && let Some(cut) = cut
    {
        bail!("is no capture that can be read: {cut}");
    }
    packets.end(hunter);
    Ok(Captured { packets: packets.count, cut })
}

/// Sender's and receiver's address and port.
type Flow = (IpAddr, u16, IpAddr, u16);

/// One direction of a connection.
struct Direction {
    stream: Stream,
    /// Sequence number of the byte after the last one seen.
    next: u32,
}

struct Packets {
    source: usize,
    /// Link type of every interface.
    links: Vec<Linktype>,
    flows: BTreeMap<Flow, Direction>,
    count: u64,
}

impl Packets {
    fn block(&mut self, block: &PcapBlockOwned<'_>, hunter: &mut Hunter<'_>) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => self.links = vec![header.network],
            PcapBlockOwned::Legacy(packet) => self.packet(0, packet.data, hunter),
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.links.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => self.links.push(interface.linktype),
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let interface = usize::try_from(packet.if_id).unwrap_or(usize::MAX);
                self.packet(interface, packet.packet_data(), hunter);
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => self.packet(0, packet.packet_data(), hunter),
            PcapBlockOwned::NG(_) => {}
        }
    }

    fn packet(&mut self, interface: usize, bytes: &[u8], hunter: &mut Hunter<'_>) {
        self.count += 1;
        let packet = self.links.get(interface).and_then(|&link| dissect(link, bytes));
        let addresses = packet.as_ref().and_then(|packet| addresses(packet.net.as_ref()?));
        match (packet.and_then(|packet| packet.transport), addresses) {
            (Some(TransportSlice::Tcp(tcp)), Some((from, to))) => {
                let flow = (from, tcp.source_port(), to, tcp.destination_port());
                let last = tcp.fin() || tcp.rst();
                self.segment(flow, tcp.sequence_number(), tcp.payload(), last, hunter);
            }
            (Some(TransportSlice::Udp(udp)), _) => self.alone(udp.payload(), hunter),
            _ => self.alone(bytes, hunter),
        }
    }

    fn segment(&mut self, flow: Flow, sequence: u32, payload: &[u8], last: bool, hunter: &mut Hunter<'_>) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        if !payload.is_empty() {
            match self.flows.get_mut(&flow) {
                Some(direction) if direction.next == sequence => {
                    direction.stream.record(self.count);
                    hunter.feed(&mut direction.stream, payload);
                    direction.next = sequence.wrapping_add(length);
                }
                // Sent again, or out of order: the bytes may differ from those seen, so they are looked at.
                Some(direction) if sequence.wrapping_sub(direction.next) > u32::MAX / 2 => {
                    self.alone(payload, hunter);
                }
                _ => {
                    self.drop_flow(&flow, hunter);
                    if self.flows.len() >= MOST_FLOWS {
                        self.end(hunter);
                    }
                    let mut stream = Stream::new(self.source);
                    stream.record(self.count);
                    hunter.feed(&mut stream, payload);
                    self.flows.insert(flow, Direction { stream, next: sequence.wrapping_add(length) });
                }
            }
        }
        if last {
            self.drop_flow(&flow, hunter);
        }
    }

    /// Hunts through bytes that continue nothing.
    fn alone(&self, bytes: &[u8], hunter: &mut Hunter<'_>) {
        let mut stream = Stream::new(self.source);
        stream.record(self.count);
        hunter.feed(&mut stream, bytes);
        hunter.end(stream);
    }

    fn drop_flow(&mut self, flow: &Flow, hunter: &mut Hunter<'_>) {
        if let Some(direction) = self.flows.remove(flow) {
            hunter.end(direction.stream);
        }
    }

    fn end(&mut self, hunter: &mut Hunter<'_>) {
        for (_, direction) in std::mem::take(&mut self.flows) {
            hunter.end(direction.stream);
        }
    }
}

/// Finds the layers of a packet, as far as they are there.
///
/// **Source:** <https://www.tcpdump.org/linktypes.html>.
fn dissect(link: Linktype, bytes: &[u8]) -> Option<LaxSlicedPacket<'_>> {
    let of_type = |ether_type: &[u8; 2], rest| {
        LaxSlicedPacket::from_ether_type(EtherType(u16::from_be_bytes(*ether_type)), rest)
    };
    match link {
        Linktype::ETHERNET => LaxSlicedPacket::from_ethernet(bytes).ok(),
        Linktype::RAW | Linktype::IPV4 | Linktype::IPV6 | Linktype(12 | 14) => {
            LaxSlicedPacket::from_ip(bytes).ok()
        }
        Linktype::NULL | Linktype::LOOP => LaxSlicedPacket::from_ip(bytes.get(4..)?).ok(),
        Linktype::LINUX_SLL => {
            let (header, rest) = bytes.split_at_checked(16)?;
            Some(of_type(header.last_chunk()?, rest))
        }
        Linktype::LINUX_SLL2 => {
            let (header, rest) = bytes.split_at_checked(20)?;
            Some(of_type(header.first_chunk()?, rest))
        }
        _ => None,
    }
}

fn addresses(net: &LaxNetSlice<'_>) -> Option<(IpAddr, IpAddr)> {
    match net {
        LaxNetSlice::Ipv4(ip) => {
            Some((ip.header().source_addr().into(), ip.header().destination_addr().into()))
        }
        LaxNetSlice::Ipv6(ip) => {
            Some((ip.header().source_addr().into(), ip.header().destination_addr().into()))
        }
        LaxNetSlice::Arp(_) => None,
    }
}
