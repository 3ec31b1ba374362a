resource Repo { roles = ["reader"]; };
allow(_: User, "read", _: Repo);
