"""Public data sets that several tests use: facts printed in the articles named, distributed in R's metadat."""

# Colditz et al. (1994), JAMA 271, 698-702: tuberculosis after BCG vaccination (dat.bcg).
# Columns: events and non-events among vaccinated, events and non-events among controls.
BCG = {
    "ai": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "bi": [119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886],
    "ci": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "di": [128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825],
}

# Pritz (1997): good outcome after hyperdynamic therapy for vasospasm (dat.pritz1997); two studies have only events.
PRITZ = {
    "xi": [16, 10, 4, 43, 10, 25, 13, 12, 22, 4, 5, 18, 58, 6],
    "ni": [17, 12, 8, 58, 10, 42, 14, 12, 41, 5, 6, 23, 68, 10],
}

# de Bruin et al. (2009): adherence to HAART (dat.debruin2009).
DEBRUIN = {
    "xi": [11, 24, 179, 82, 60, 11, 99, 9, 88, 17, 26, 23, 40],
    "ni": [29, 33, 326, 240, 110, 29, 244, 17, 215, 26, 138, 55, 54],
}

# Normand (1999), table: length of stay in stroke units (dat.normand1999), means, standard deviations and sizes.
NORMAND = {
    "m1i": [55, 27, 64, 66, 14, 19, 52, 21, 30],
    "sd1i": [47, 7, 17, 20, 8, 7, 45, 16, 27],
    "n1i": [155, 31, 75, 18, 8, 57, 34, 110, 60],
    "m2i": [75, 29, 119, 137, 18, 18, 41, 31, 23],
    "sd2i": [64, 4, 29, 48, 11, 4, 34, 27, 20],
    "n2i": [156, 32, 71, 18, 13, 52, 33, 183, 52],
}
