/*
   Stored copies of a relay beacon above the limit, and of the form that follows it.
   Demonstration rule: vendor, product and format are invented.
   Sample: host {~h~}.example.net, trace {~tr~}, file {~fn~}.hlm; no string below depends on them.
*/
rule harborlight_long_beacon
{
    meta:
        author = "Northquay Software"
        reference = "CVE-2025-49706"
        description = "{~Relay beacon whose body exceeds the limit|A beacon longer than the relay permits~}"
        sample_boundary = "{~bd~}"

    strings:
        $path = "/relay/beacon"
        // {~Four digits from 1401 upwards, or five|Any number above 1400~}
        $length = /Beacon-Length: (140[1-9]|14[1-9][0-9]|1[5-9][0-9]{2}|[2-9][0-9]{3}|[1-9][0-9]{4})\r?\n/

    condition:
        $path and $length
}

rule harborlight_marker_attachment
{
    meta:
        author = "Northquay Software"
        reference = "CVE-2025-49704"
        description = "{~Form that attaches a withdrawn drawing format|Attachment in a discontinued sketch format~}"

    strings:
        $field = "name=\"harbour-mark\""
        // {~Browsers quote the name, so does the test|The test quotes names as browsers do~}
        $file = /filename="[A-Za-z0-9_-]{1,64}\.hlm"/

    condition:
        all of them
}
