#!/usr/bin/env python3
"""Shows the two requests of the laboratory test and runs them on a small model.

Demonstration: the vendor, the product and the flaws are invented. Nothing is sent
anywhere: the model below runs inside this process and the requests are printed.
"""

from dataclasses import dataclass, field

# Values of the test. Any others work as well.
LABEL = "samplehost"  #~ =h
TRACE = "00c0ffee0000"  #~ =tr
BOUNDARY = "100000000000000000000001"  #~ =bd
MARKER = "samplefile"  #~ =fn
NOTEBOOK = "samplebook"  #~ =nb
BERTH = "0123456789abcdef"  #~ =br
LENGTH = 1411  #~ =len

# How often the model is tried, and how it introduces itself.
ATTEMPTS = 40  #~ pick 40|45|50|55
PAUSE_MS = 25  #~ pick 25|30|35|15
AGENT = "Lantern/2.4"  #~ pick "Lantern/2.4"|"Lantern/3.1"|"Lantern/1.9"

LIMIT = 1400


@dataclass
class Slot:
    """One row of the invented presence table."""

    owner: str = "nobody"
    berth: str = ""


@dataclass
class Relay:
    """The model: a table whose rows are handed on without being cleared."""

    patched: bool
    slots: dict = field(default_factory=dict)

    def take(self, number, visitor, length):
        """Returns the name under which the visitor is seen afterwards."""
        slot = self.slots.setdefault(number, Slot())
        #~ alt
        if length > LIMIT:
            if self.patched:
                return "refused"
            return slot.owner
        slot.owner = visitor
        #~ or
        too_long = length > LIMIT
        if too_long and self.patched:
            return "refused"
        if not too_long:
            slot.owner = visitor
        #~ end
        return slot.owner


def beacon_text(host, length):  #~ rename beacon_text|render_beacon|first_request
    """Returns the first request as text; its body is left out."""
    headers = {}
    #~ shuffle
    headers["Host"] = host
    headers["User-Agent"] = AGENT
    headers["X-Harbor-Trace"] = TRACE
    headers["Beacon-Length"] = str(length)
    #~ end
    lines = ["POST /relay/beacon HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return "\n".join(lines)


def form_text(host):  #~ rename form_text|render_form|second_request
    """Returns the second request as text, without the zeros of the attachment."""
    rule = "--" + BOUNDARY
    parts = [
        "POST /tidebook/drafts HTTP/1.1",
        "Host: " + host,
        "Content-Type: multipart/form-data; boundary=" + BOUNDARY,
        "",
        rule,
        'Content-Disposition: form-data; name="harbour-mark"',
        "",
        "notebook=" + NOTEBOOK + "; berth=" + BERTH,
        rule,
        'Content-Disposition: form-data; name="attachment"; filename="' + MARKER + '.hlm"',
        rule + "--",
    ]
    return "\n".join(parts)


def publish(attempts, patched):
    """Plays the draft race on paper: which of the attempts would end elsewhere."""
    #~ alt
    misplaced = 0
    for attempt in range(attempts):
        if attempt % 40 == 39 and not patched:
            misplaced += 1
    return misplaced
    #~ or
    hits = [attempt for attempt in range(attempts) if attempt % 40 == 39]
    return 0 if patched else len(hits)
    #~ end


def main():
    host = LABEL + ".example.net"
    print(beacon_text(host, LENGTH))
    print()
    print(form_text(host))
    print()
    for patched in (False, True):
        #~ shuffle
        relay = Relay(patched)
        misplaced = publish(ATTEMPTS, patched)
        #~ end
        relay.take(311, "editor", 200)
        seen_as = relay.take(311, "visitor", LENGTH)  #~ rename seen_as|shown_name|apparent
        print("patched:", patched)
        print("  visitor seen as:", seen_as)
        print("  drafts misplaced:", misplaced, "with pauses of", PAUSE_MS, "ms")
    print("nothing was sent")


if __name__ == "__main__":
    main()
