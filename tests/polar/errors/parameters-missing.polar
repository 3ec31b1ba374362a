allow(_: User, "read");
allow_field(_: User, "read", _: Repo);
is_admin(_: User);
