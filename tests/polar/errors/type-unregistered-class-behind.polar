type lives_in(tenant: Dog, floor: Integer);
type lives_in(tenant: Dgo, floor: Integer);
type owned_by(pet: Dog, keeper: String);
type owned_by(pet: Cat, keeper: Person);

lives_in(_: Dog, 1);
lives_in(_: Dog, 2);
owned_by(_: Dog, "ann");
allow(_, _, _);
