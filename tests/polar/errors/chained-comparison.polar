between(low, x, high) if low < x < high;
same(x, y, z) if x = y = z;
same(x, y, z) if x == (y and z);
same(x, _, _) if x = 1 and 2;
negative(x, y) if x = -y;
counter(x) if x += 1;
counter(x) if x.count := 1;
