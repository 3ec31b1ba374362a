allow(user: User, "read", repo: Repo) if user: repo.owner;
allow(user, "write", _: Repo) if user: User;
allow(user, "list", _: Repo) if: user.is_admin;
