type grade(pupil: Dog, mark: Integer);
type grade(pupil: Cat);

grade(_: Puppy, 1);
grade(_: Cat);
grade(_: Animal, 2);
grade(_: Dog, "good");
grade(pupil, 3) if pupil.kind = "animal";
allow(_, _, _);
