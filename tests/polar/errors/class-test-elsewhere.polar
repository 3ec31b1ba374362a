allow(user, "read", _: Repo) if user is User;
allow(user, "write", _: Repo) if user isa User;
allow(user, "list", _: Repo) if user instanceof User;
allow(user, "fork", _: Repo) if user.boss is nil;
allow(user, "push", _: Repo) if user.boss is not nil;
allow(user, "drop", repo: Repo) if user not in repo.banned;
