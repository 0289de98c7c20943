poc.py
"""Prints the two requests of the test; nothing is sent."""
TRACE = "00c0ffee0000"  #~ =pt
PAUSE = 25  #~ pick 25|30|35


def probe(host, port):  #~ rename probe|check_host
    #~ alt
    if len(host) > 4:
        return f"{host}:{port}"
    #~ or
    too_long = len(host) > 4
    if too_long:
        return f"{host}:{port}"
    #~ end
    values = {
        #~ shuffle
        "a": 1,
        "b": [2, 3],
        "c": (4,),
        #~ end
    }
    return values


print(probe("sample", 80), TRACE)
# {~pt=rand:hex12~}
