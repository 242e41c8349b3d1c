"""Makes the table of landmarks of a pair whose images have changed places.

    python make_landmarks_back.py FOLDER TABLE

TABLE has the columns fixed_x to moving_z.
"""

import csv
import sys
from pathlib import Path


def main(folder, table):
    with open(table, newline="") as file:
        rows = list(csv.DictReader(file))
    back = [{**{f"fixed_{c}": row[f"moving_{c}"] for c in "xyz"}, **{f"moving_{c}": row[f"fixed_{c}"] for c in "xyz"}} for row in rows]
    with open(Path(folder) / "landmarks.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, back[0])
        writer.writeheader()
        writer.writerows(back)


main(*sys.argv[1:])
