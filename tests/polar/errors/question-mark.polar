allow(user, "read", _: Repo) if user ? 1;
