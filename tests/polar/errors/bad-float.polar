limit(1e+);
limit(1e5-3);
