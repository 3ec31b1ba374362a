last([*rest, x]) if x in rest;
last([*_, x, y]) if x = y;
