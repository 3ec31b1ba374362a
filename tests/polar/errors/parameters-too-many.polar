type grade(pupil: Dog, mark: Integer);

grade(_: Dog, 1, "good");
allow(_, "read", _, _);
