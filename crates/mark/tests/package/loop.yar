/*
   Stored documents whose page tree loops. The vendor, the product and the format are invented.
   Sample: host {~h~}.example.net, trace {~tr~}, file {~fn~}.pdf; no string below depends on them.
*/
rule quillmere_looping_tree
{
    meta:
        author = "Northfold Systems"
        description = "{~Document whose page tree refers to itself|Page tree that contains a loop of nodes~}"

    strings:
        // {~Written by the invented exporter before each tree|The exporter marks every tree this way~}
        $tree = "/QuillTree"
        $loop = /\/Parent (\d{1,6}) 0 R \/Self \d{1,6} 0 R/

    condition:
        all of them
}
