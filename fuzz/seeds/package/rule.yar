rule.yar
rule long_beacon
{
    meta:
        description = "{~beacon above the limit|a beacon that is too long~}"
    strings:
        $path = "/relay/beacon" nocase
        $bytes = { 48 6F ?? [2-4] ( 41 | 42 ) }
        // {~four digits|a number of four digits~}
        $length = /Beacon-Length: [1-9][0-9]{3}\r?\n/
    condition:
        $path and ($length or #bytes > 2) and filesize < 1MB
}
