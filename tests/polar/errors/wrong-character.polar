allow(_: User, 'read', _: Repo);
