type lives_in(tenant: Person, house);

lives_in(_: User, "here");
lives_in(_: Dog, "there");
allow(_, _, _);
