/* Stored copies of the second header. The product is invented and the trace 5f3a90c1d27e is a sample. */
rule marlow_second_header
{
    meta:
        author = "Marlow"
        description = "Stored request that usually precedes a crash of the relay"

    strings:
        $uri = "/relay/queue"
        $header = "X-Marlow-Length: "
        $agent = "lantern/"

    condition:
        $uri and $header and $agent
}
