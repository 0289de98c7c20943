//! A rendering's tree with its sites as holes.
//!
//! What a skeleton keeps is what must be the same in every rendering; see [`super`] for what that is.

use std::collections::HashSet;
use std::ops::Range;

use super::super::FileKind;
use super::super::tree::{Form, Node, Tree};
use crate::master::SiteIx;
use crate::render::{Part, Place};

/// A rendering in one canonical order, sites as holes.
#[derive(Debug, Default)]
pub(super) struct Skeleton {
    pub(super) tokens: Vec<Token>,
    /// Names that no site touches.
    pub(super) names: HashSet<String>,
    pub(super) prefixes: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Token {
    /// Byte of the rendering.
    pub(super) at: usize,
    pub(super) what: What,
    /// The name or fixed value that a site touches here; not part of the comparison of tokens.
    pub(super) name: Option<Name>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Open(&'static str),
    Close(&'static str),
    Text(String),
    /// A site, and the kinds of what it covers.
    Hole(SiteIx, Vec<&'static str>),
    /// A site's items follow, in the author's order.
    Order(SiteIx),
    Item(usize),
    OrderEnd,
    /// A site that shows some of its items, and the kinds of each.
    Subset(SiteIx, Vec<Vec<&'static str>>),
}

#[derive(Clone, Debug)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) form: Form,
}

/// Builds the skeleton of a rendering.
pub(super) fn skeleton(kind: FileKind, tree: Tree, places: &[Place], text: &str) -> Skeleton {
    let mut sweep = Sweep::new(kind, text, places);
    for node in &tree.nodes {
        sweep.node(node);
    }
    sweep.close(0);
    sweep.flush(text.len().saturating_add(1));
    let mut tokens = Vec::new();
    sweep.flatten(0, &mut tokens);
    Skeleton { tokens, names: sweep.names, prefixes: tree.prefixes }
}

/// A token whose hole or order is not written out yet.
enum Raw {
    Done(Token),
    Hole(usize),
    Order(usize),
}

struct Hole {
    site: SiteIx,
    range: Range<usize>,
    /// Outermost nodes that lie in it; of nodes with the same place the innermost.
    tops: Vec<Node>,
}

struct Order {
    site: SiteIx,
    range: Range<usize>,
    subset: bool,
    /// Author's index and container.
    items: Vec<(usize, usize)>,
}

/// An item of an order, or the file.
struct Container {
    range: Range<usize>,
    parent: usize,
    tokens: Vec<Raw>,
}

#[derive(Clone, Copy)]
enum Region {
    Hole(usize),
    Order(usize),
}

struct Sweep<'t> {
    kind: FileKind,
    text: &'t str,
    holes: Vec<Hole>,
    orders: Vec<Order>,
    containers: Vec<Container>,
    /// From a byte on, the innermost container.
    cuts: Vec<(usize, usize)>,
    /// Holes and orders by their starts.
    regions: Vec<(usize, Region)>,
    /// The first region that is not written.
    next: usize,
    /// End of the last hole that is written.
    covered: usize,
    /// Kind, depth, end and container of open nodes.
    open: Vec<(&'static str, u32, usize, usize)>,
    names: HashSet<String>,
}

impl<'t> Sweep<'t> {
    fn new(kind: FileKind, text: &'t str, places: &[Place]) -> Sweep<'t> {
        let file = Container { range: 0..text.len().saturating_add(1), parent: 0, tokens: Vec::new() };
        let mut sweep = Sweep {
            kind,
            text,
            holes: Vec::new(),
            orders: Vec::new(),
            containers: vec![file],
            cuts: vec![(0, 0)],
            regions: Vec::new(),
            next: 0,
            covered: 0,
            open: Vec::new(),
            names: HashSet::new(),
        };
        let mut skip = 0;
        // Open orders and items, innermost last.
        let mut orders: Vec<usize> = Vec::new();
        let mut current = 0;
        for place in places {
            if place.range.start < skip {
                continue;
            }
            // Leave the items that ended before this place.
            while current != 0 && sweep.end_of(current) <= place.range.start && !sweep.inside(current, place)
            {
                let end = sweep.end_of(current);
                current = sweep.containers.get(current).map_or(0, |container| container.parent);
                sweep.cuts.push((end, current));
            }
            orders.retain(|order| {
                sweep.orders.get(*order).is_some_and(|order| {
                    order.range.start <= place.range.start && place.range.end <= order.range.end
                })
            });
            match place.what {
                Part::Value => {
                    sweep.regions.push((place.range.start, Region::Hole(sweep.holes.len())));
                    sweep.holes.push(Hole { site: place.site, range: place.range.clone(), tops: Vec::new() });
                    skip = place.range.end;
                }
                Part::Order { subset } => {
                    orders.push(sweep.orders.len());
                    sweep.regions.push((place.range.start, Region::Order(sweep.orders.len())));
                    sweep.orders.push(Order {
                        site: place.site,
                        range: place.range.clone(),
                        subset,
                        items: Vec::new(),
                    });
                }
                Part::Item(index) => {
                    let container = sweep.containers.len();
                    let order = orders.last().and_then(|order| sweep.orders.get_mut(*order));
                    if let Some(order) = order {
                        order.items.push((index, container));
                    }
                    sweep.containers.push(Container {
                        range: place.range.clone(),
                        parent: current,
                        tokens: Vec::new(),
                    });
                    sweep.cuts.push((place.range.start, container));
                    current = container;
                }
            }
        }
        while current != 0 {
            let end = sweep.end_of(current);
            current = sweep.containers.get(current).map_or(0, |container| container.parent);
            sweep.cuts.push((end, current));
        }
        sweep
    }

    fn end_of(&self, container: usize) -> usize {
        self.containers.get(container).map_or(0, |container| container.range.end)
    }

    fn inside(&self, container: usize, place: &Place) -> bool {
        self.containers.get(container).is_some_and(|container| {
            container.range.start <= place.range.start && place.range.end <= container.range.end
        }) && !matches!(place.what, Part::Item(_))
    }

    /// The index in `cuts` that holds at a byte.
    fn cut_at(&self, at: usize) -> usize {
        self.cuts.partition_point(|(start, _)| *start <= at).saturating_sub(1)
    }

    /// The innermost container that holds all of a range.
    fn owner(&self, range: &Range<usize>) -> usize {
        let mut container = self.cuts.get(self.cut_at(range.start)).map_or(0, |(_, container)| *container);
        while container != 0 {
            let Some(found) = self.containers.get(container) else { break };
            if found.range.start <= range.start && range.end <= found.range.end {
                break;
            }
            container = found.parent;
        }
        container
    }

    fn push(&mut self, container: usize, raw: Raw) {
        if let Some(container) = self.containers.get_mut(container) {
            container.tokens.push(raw);
        }
    }

    fn done(&mut self, container: usize, at: usize, what: What) {
        self.push(container, Raw::Done(Token { at, what, name: None }));
    }

    fn node(&mut self, node: &Node) {
        self.close(node.depth);
        let in_hole = self.holes.partition_point(|hole| hole.range.start <= node.range.start).checked_sub(1);
        if let Some(hole) = in_hole.and_then(|hole| self.holes.get_mut(hole))
            && node.range.start < hole.range.end
            && node.range.end <= hole.range.end
        {
            hole.cover(node);
            return;
        }
        let Range { start, end } = node.range;
        self.flush(start);
        if node.form == Form::Run {
            self.pieces(&node.range);
            return;
        }
        let owner = self.owner(&node.range);
        self.done(owner, start, What::Open(node.kind));
        if matches!(node.form, Form::Branch | Form::Inline) {
            self.open.push((node.kind, node.depth, end, owner));
            return;
        }
        let place = self.containers.get(owner).map_or(0, |container| container.tokens.len());
        let touched = self.pieces(&node.range);
        let text = self.text.get(node.range.clone()).unwrap_or_default();
        let named = matches!(node.form, Form::Use | Form::Bind);
        if touched && (named || node.form == Form::Fixed) {
            let opened =
                self.containers.get_mut(owner).and_then(|container| container.tokens.get_mut(place - 1));
            if let Some(Raw::Done(token)) = opened {
                token.name = Some(Name { text: text.to_owned(), form: node.form });
            }
        } else if named && !self.names.contains(text) {
            self.names.insert(text.to_owned());
        }
        self.done(owner, end, What::Close(node.kind));
    }

    /// Closes open nodes that are no parent of a node at `depth`.
    fn close(&mut self, depth: u32) {
        while let Some((kind, _, end, owner)) = self.open.pop_if(|(_, open, ..)| *open >= depth) {
            self.flush(end);
            self.done(owner, end, What::Close(kind));
        }
    }

    /// Writes the regions that start before a byte.
    fn flush(&mut self, before: usize) {
        while let Some((start, region)) =
            self.regions.get(self.next).copied().filter(|(start, _)| *start < before)
        {
            self.region(start, region);
        }
    }

    fn region(&mut self, start: usize, region: Region) {
        self.next += 1;
        match region {
            Region::Hole(hole) => {
                let Some(range) = self.holes.get(hole).map(|hole| hole.range.clone()) else { return };
                self.covered = range.end;
                let owner = self.owner(&range);
                self.push(owner, Raw::Hole(hole));
            }
            Region::Order(order) => {
                let range = self.orders.get(order).map_or(start..start, |order| order.range.clone());
                let owner = self.owner(&range);
                self.push(owner, Raw::Order(order));
            }
        }
    }

    /// Writes a leaf's text and the regions in it; tells whether there are any.
    fn pieces(&mut self, range: &Range<usize>) -> bool {
        let mut touched = self.covered > range.start;
        let mut at = range.start.max(self.covered);
        while let Some((start, region)) =
            self.regions.get(self.next).copied().filter(|(start, _)| *start < range.end)
        {
            touched = true;
            self.run(at..start);
            self.region(start, region);
            at = start.max(self.covered);
        }
        self.run(at..range.end);
        touched
    }

    /// Writes text that no hole covers, cut where items begin and end.
    fn run(&mut self, range: Range<usize>) {
        let mut at = range.start;
        let mut cut = self.cut_at(at);
        while at < range.end {
            let container = self.cuts.get(cut).map_or(0, |(_, container)| *container);
            let end = self.cuts.get(cut + 1).map_or(range.end, |(start, _)| *start).min(range.end);
            if at < end {
                let text = self.text.get(at..end).unwrap_or_default();
                let tokens = self.containers.get_mut(container).map(|container| &mut container.tokens);
                match tokens.and_then(|tokens| tokens.last_mut()) {
                    Some(Raw::Done(Token { what: What::Text(before), .. })) => before.push_str(text),
                    _ => self.done(container, at, What::Text(text.to_owned())),
                }
            }
            at = end;
            cut += 1;
            if cut >= self.cuts.len() && at < range.end {
                cut = self.cuts.len() - 1;
                if self.cuts.get(cut).is_none_or(|(start, _)| *start > at) {
                    break;
                }
            }
        }
    }

    /// Writes a container's tokens; orders nest at most as deep as markup may.
    fn flatten(&mut self, container: usize, out: &mut Vec<Token>) {
        let tokens = self.containers.get_mut(container).map(|found| std::mem::take(&mut found.tokens));
        for raw in tokens.unwrap_or_default() {
            match raw {
                Raw::Done(token) => out.push(token),
                Raw::Hole(hole) => {
                    let exact = matches!(
                        self.kind,
                        FileKind::Markdown | FileKind::Json | FileKind::Yaml | FileKind::Http
                    );
                    if let Some(hole) = self.holes.get(hole) {
                        out.push(hole.token(exact, self.text));
                    }
                }
                Raw::Order(order) => {
                    let Some(order) = self.orders.get_mut(order) else { continue };
                    let (site, at, subset) = (order.site, order.range.start, order.subset);
                    let mut items = std::mem::take(&mut order.items);
                    items.sort_unstable();
                    if subset {
                        let mut kinds: Vec<Vec<&'static str>> =
                            items.iter().map(|(_, item)| self.kinds(*item)).collect();
                        kinds.sort_unstable();
                        out.push(Token { at, what: What::Subset(site, kinds), name: None });
                        continue;
                    }
                    out.push(Token { at, what: What::Order(site), name: None });
                    for (index, item) in items {
                        let at = self.containers.get(item).map_or(at, |item| item.range.start);
                        out.push(Token { at, what: What::Item(index), name: None });
                        self.flatten(item, out);
                    }
                    out.push(Token { at, what: What::OrderEnd, name: None });
                }
            }
        }
    }

    /// The outermost kinds in an item.
    fn kinds(&mut self, item: usize) -> Vec<&'static str> {
        let mut tokens = Vec::new();
        self.flatten(item, &mut tokens);
        let (mut depth, mut kinds) = (0_usize, Vec::new());
        for token in tokens {
            match token.what {
                What::Open(kind) => {
                    if depth == 0 {
                        kinds.push(kind);
                    }
                    depth += 1;
                }
                What::Close(_) => depth = depth.saturating_sub(1),
                What::Hole(_, covered) if depth == 0 => kinds.extend(covered),
                _ => {}
            }
        }
        kinds
    }
}

impl Hole {
    fn cover(&mut self, node: &Node) {
        if matches!(node.form, Form::Run | Form::Inline) {
            return;
        }
        match self.tops.last_mut() {
            // A statement is one whatever it is made of.
            Some(top) if node.range == top.range && !top.kind.ends_with("statement") => *top = node.clone(),
            Some(top) if node.range.start < top.range.end => {}
            _ => self.tops.push(node.clone()),
        }
    }

    fn token(&self, exact: bool, text: &str) -> Token {
        let leaf = |node: &Node| !matches!(node.form, Form::Branch | Form::Inline);
        let (kinds, name) = match self.tops.as_slice() {
            [] => (Vec::new(), None),
            [top] if leaf(top) => {
                let named = matches!(top.form, Form::Use | Form::Bind | Form::Fixed);
                let text = text.get(top.range.clone()).unwrap_or_default().to_owned();
                (vec![top.kind], named.then_some(Name { text, form: top.form }))
            }
            tops if exact => (tops.iter().map(|top| top.kind).collect(), None),
            _ => (vec![SEVERAL], None),
        };
        Token { at: self.range.start, what: What::Hole(self.site, kinds), name }
    }
}

/// What a hole covers that is more than one literal or name.
pub(super) const SEVERAL: &str = "expression or statements";
