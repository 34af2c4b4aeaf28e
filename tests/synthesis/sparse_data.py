"""Public data sets with few events: facts printed in the articles named, distributed in R's metadat."""

# Niel-Weise, Stijnen and van den Broek (2007), Intensive Care Medicine 33, 2058-2068: bloodstream infections with
# coated and with standard catheters (dat.nielweise2007).
CATHETERS = {
    "ai": [0, 1, 2, 0, 5, 1, 1, 1, 1, 1, 0, 0, 3, 6, 0, 0, 1, 4],
    "n1i": [116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 70, 188, 187, 118, 252, 345, 64],
    "ci": [3, 3, 9, 7, 6, 4, 3, 2, 19, 2, 7, 1, 5, 11, 0, 1, 3, 1],
    "n2i": [117, 35, 195, 136, 157, 139, 177, 39, 103, 122, 64, 58, 175, 180, 105, 262, 362, 69],
}

# Niel-Weise, Stijnen and van den Broek (2008), Journal of Hospital Infection 69, 114-123: infections and catheter days
# (dat.nielweise2008).
CATHETER_DAYS = {
    "x1i": [7, 8, 3, 6, 1, 1, 17, 3, 2],
    "t1i": [1344, 1600, 12012, 1536, 370, 729, 6760, 1107, 320],
    "x2i": [11, 8, 14, 10, 1, 8, 15, 7, 3],
    "t2i": [1988, 1461, 10962, 1503, 483, 913, 6840, 1015, 440],
}
