//! Standard queues: at least once, in no order, with delays and a visibility time-out.

use std::sync::{Arc, Mutex};

use domain::Timestamp;
use domain::handoff::Layer;
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Key, Queue};

use super::SimClock;

#[derive(Clone)]
pub struct SimQueue {
    clock: SimClock,
    messages: Arc<Mutex<Vec<Message>>>,
}

#[derive(Clone, Debug)]
struct Message {
    layer: Layer,
    key: Key,
    visible: Timestamp,
    received: u32,
}

impl SimQueue {
    pub fn new(clock: SimClock) -> Self {
        Self { clock, messages: Arc::default() }
    }

    /// One of the visible messages, by chance; it is hidden for `visibility`. With it, how often it was received.
    pub fn receive(
        &self,
        now: Timestamp,
        visibility: SignedDuration,
        random: &mut fastrand::Rng,
    ) -> Option<(Layer, Key, u32)> {
        let mut messages = self.messages.lock().unwrap();
        let visible: Vec<usize> = (0..messages.len()).filter(|n| messages[*n].visible <= now).collect();
        let message = &mut messages[*random.choice(&visible)?];
        message.visible = now.checked_add(visibility).unwrap();
        message.received += 1;
        Some((message.layer, message.key.clone(), message.received))
    }

    /// Deletes the message that was received so.
    pub fn delete(&self, layer: Layer, key: &Key, received: u32) {
        let mut messages = self.messages.lock().unwrap();
        let now = self.clock.get();
        let this = |message: &Message| {
            message.layer == layer && message.key == *key && message.received == received && message.visible > now
        };
        if let Some(n) = messages.iter().position(this) {
            messages.remove(n);
        }
    }

    /// When the next message becomes visible.
    pub fn next_visible(&self) -> Option<Timestamp> {
        self.messages.lock().unwrap().iter().map(|message| message.visible).min()
    }

    /// How many messages there are, visible or not.
    pub fn len(&self) -> usize {
        self.messages.lock().unwrap().len()
    }

    /// Messages are lost: what a stopped relay or a purged queue does.
    pub fn lose_all(&self) {
        self.messages.lock().unwrap().clear();
    }
}

impl Queue for SimQueue {
    async fn send(&self, layer: Layer, key: &Key, delay: SignedDuration) -> Result<(), QueueError> {
        let delay = delay.clamp(SignedDuration::ZERO, SignedDuration::from_mins(15));
        let visible = self.clock.get().checked_add(delay).unwrap();
        self.messages.lock().unwrap().push(Message { layer, key: key.clone(), visible, received: 0 });
        Ok(())
    }
}
