-- SPDX-License-Identifier: Apache-2.0
CREATE TABLE rooms (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name       text NOT NULL UNIQUE,
	created_by bigint NOT NULL REFERENCES users (id),
	created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE messages (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	room_id    bigint NOT NULL REFERENCES rooms (id) ON DELETE CASCADE,
	author_id  bigint NOT NULL REFERENCES users (id),
	body       text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);

-- A page of a room's messages is a backward range scan of this index.
CREATE INDEX messages_room_id_id ON messages (room_id, id);
