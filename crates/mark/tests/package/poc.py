#!/usr/bin/env python3
"""Plays the stale ticket on a small model.

The vendor, the product and the flaw are invented. Nothing is sent anywhere.
"""

# Values of the test. Any others work as well.
HOST = "samplehost"  #~ =h
TRACE = "00c0ffee0000"  #~ =tr
BOUNDARY = "1000000000000001"  #~ =bd
NAME = "samplefile"  #~ =fn
PAGES = 37  #~ =len

ROUNDS = 20  #~ pick 20|24|28|32
PAUSE_MS = 15  #~ pick 15|25|35|45


class Worker:
    """The model: a ticket row that is wiped only when a job ends well."""

    def __init__(self, corrected):
        self.corrected = corrected
        self.ticket = None

    def run(self, area, looping):
        """Returns the area whose documents the job may read."""
        lease = self.ticket or area  #~ rename lease|right|granted
        self.ticket = lease
        if looping and not self.corrected:
            return lease
        self.ticket = None
        return lease


def request_text(size):  #~ rename request_text|render_request|upload_text
    """Returns the upload request as text; the document is left out."""
    headers = {}
    #~ shuffle
    headers["Host"] = HOST + ".example.net"
    headers["X-Quill-Trace"] = TRACE
    headers["Content-Length"] = str(size)
    #~ end
    lines = ["POST /gateway/upload HTTP/1.1"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    lines += ["", "--" + BOUNDARY, 'filename="' + NAME + '.pdf"', "--" + BOUNDARY + "--"]
    return "\n".join(lines)


def main():
    print(request_text(PAGES))
    for corrected in (False, True):
        worker = Worker(corrected)
        #~ alt
        foreign = 0
        for turn in range(ROUNDS):
            worker.run("legal", looping=True)
            if worker.run("sales", looping=False) != "sales":
                foreign += 1
        #~ or
        seen = []
        for turn in range(ROUNDS):
            worker.run("legal", looping=True)
            seen.append(worker.run("sales", looping=False))
        foreign = sum(1 for area in seen if area != "sales")
        #~ end
        print("corrected:", corrected, "foreign pages:", foreign, "pause:", PAUSE_MS, "ms")


if __name__ == "__main__":
    main()
