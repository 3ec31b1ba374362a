allow(user: User, "read", _: Repo) if user.name in ADMINS;
allow(user: User, "push", _: Repo) if user.name = LEADER;
