type older(a, a.age + 1);
type first([1, *rest]);

first([1, 2]);
allow(_, _, _);
