allow(user, "read", _: Repo) if isinstance(user, User);
allow(user: User, "write", repo: Repo) if is_admn(user) or owns(user, repo);
allow(user: User, "list", repo: Repo) if has_role(user, "reader", repo);
allow(user: User, "fork", _: Repo) if any(user.names);
is_admin(user: User) if user.is-admin;
